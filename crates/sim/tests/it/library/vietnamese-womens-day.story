person an name=Nguyễn_Văn_An gender=male
person binh name=Trần_Thị_Bình gender=female
person khach no-consent name=Lê_Khách
person lima name=Rosa_Lima timezone=America/Lima
person berlin name=Anna_Berlin timezone=Europe/Berlin
person huy name=Phạm_Huy
start 2026-09-21T09:00
# 20 October 2026; Berlin puts its clock back on the 25th.
+0h   event an page   +0h event binh page   +0h event khach page   +0h event lima page   +0h event berlin page
+0h   event huy page
+20d  consent huy withdraw email
+26d  event an order order=a1 total=300000
until +90d
