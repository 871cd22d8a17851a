person an name=Nguyễn_Văn_An gender=male
person binh name=Trần_Thị_Bình gender=female
person khach no-consent name=Lê_Khách
person lima name=Rosa_Lima timezone=America/Lima
person berlin name=Anna_Berlin timezone=Europe/Berlin
person huy name=Phạm_Huy
# Five million is passed once, whatever comes after; a cancelled order takes it back and brings no second letter.
+0h   event an order order=a1 total=3000000
+5d   event an order order=a2 total=2500000
+9d   event an cancel order=a2
+20d  event an order order=a3 total=4000000
+1h   event binh order order=b1 total=1000000
+1h   event khach order order=k1 total=6000000
+1h   event lima order order=l1 total=5000000
+2h   event huy order order=h1 total=4999999
+3d   consent huy withdraw email
+4d   event huy order order=h2 total=1
+27d  event berlin order order=e1 total=9000000
+30d  show an tags
+30d  show binh tags
until +90d
