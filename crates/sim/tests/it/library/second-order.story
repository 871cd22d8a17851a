person an name=Nguyễn_Văn_An gender=male
person binh name=Trần_Thị_Bình gender=female
person khach no-consent name=Lê_Khách
person lima name=Rosa_Lima timezone=America/Lima
person berlin name=Anna_Berlin timezone=Europe/Berlin
person huy name=Phạm_Huy
# An comes back by himself, Binh does not, Mai cancels her first order, Huy stops between the two letters.
person mai name=Vũ_Mai
+0h   event an order order=a1 total=300000   +0h event binh order order=b1 total=300000
+0h   event khach order order=k1 total=300000
+0h   event huy order order=h1 total=300000   +0h event mai order order=m1 total=300000
+5h   event lima order order=l1 total=300000
+2d   event mai cancel order=m1
+10d  event an order order=a2 total=300000
+24d  unsubscribe huy
+15d  event berlin order order=e1 total=300000
+40d  event berlin order order=e2 total=300000
until +90d
