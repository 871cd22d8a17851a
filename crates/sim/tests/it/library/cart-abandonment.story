person an name=Nguyễn_Văn_An gender=male
person binh name=Trần_Thị_Bình gender=female
person khach no-consent name=Lê_Khách
person lima name=Rosa_Lima timezone=America/Lima
person berlin name=Anna_Berlin timezone=Europe/Berlin
person huy name=Phạm_Huy
# An orders after the first mail, Binh is reminded four times, Huy stops after the second, Lan clicks the third, Mai
# empties her cart.
person lan name=Đỗ_Lan
person mai name=Vũ_Mai
+0h   event an cart product_id=ao-dai-1 price=1899000 quantity=1 name=Áo_dài_lụa category=Áo_dài
+0h   event binh cart product_id=ao-dai-1 price=1899000 quantity=1 name=Áo_dài_lụa category=Áo_dài
+1h   event khach cart   +1h event huy cart   +2h event lan cart   +2h event mai cart
+3h   event lima cart
+20h  event mai uncart
+27h  event an order order=a1 total=1899000
+4d   unsubscribe huy
+101h click lan https://shop.example/gio-hang
+5d   event lan order order=l1 total=100000
+25d  event berlin cart
+30d  event binh cart product_id=non-1 price=129000
until +90d
